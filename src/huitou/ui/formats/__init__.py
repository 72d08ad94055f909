"""Own number and date formats, because Django's zh-Hans groups by four and without a separator."""
