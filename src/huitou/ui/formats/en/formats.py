"""English: 2026-11-22, 1,234.56, 4.6M."""

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
COMPACT_UNITS = [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")]
# The same for a day on a chart's axis.
AXIS_DAY_FORMAT = "M j"
