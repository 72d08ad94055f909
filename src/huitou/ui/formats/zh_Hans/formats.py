"""Simplified Chinese: 2026-11-22, 1,234.56, 58.7万."""

DATE_FORMAT = "Y-m-d"
SHORT_DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
TIME_FORMAT = "H:i"
YEAR_MONTH_FORMAT = "Y-m"
MONTH_DAY_FORMAT = "m-d"
FIRST_DAY_OF_WEEK = 1
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
# Not a Django setting: the large units of huitou.ui.numbers, largest first.
COMPACT_UNITS = [(100_000_000, "亿"), (10_000, "万")]
# The same for a day on a chart's axis.
AXIS_DAY_FORMAT = "n月j日"
