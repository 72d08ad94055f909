"""The limits of reading: a file beyond one is refused, or its row set aside."""

# Wider tables are not order exports; parsers need gigabytes for a million columns.
COLUMNS_MAX = 512

# The largest cell Excel itself can hold. A longer field is an unclosed quote or an attack.
FIELD_CHARS_MAX = 32_767

# One physical line. The widest export seen stays below 20 KB.
LINE_BYTES_MAX = 4 * 1024 * 1024

# Bytes taken from the file at a time: the unit of the flat memory of text reading.
BLOCK_BYTES = 8 * 1024 * 1024

# Bytes looked at to choose the encoding, counted from the first that is not ASCII.
ENCODING_SAMPLE_BYTES = 1024 * 1024

# Identifiers are stored as text of at most this length.
ID_CHARS_MAX = 64

# Stored widths of the record tables.
NAME_CHARS_MAX = 120
PHONE_CHARS_MAX = 40
EMAIL_CHARS_MAX = 254
TITLE_CHARS_MAX = 400
VARIANT_CHARS_MAX = 200
CODE_CHARS_MAX = 200
CATEGORY_CHARS_MAX = 120
DEVICE_CHARS_MAX = 24
REASON_CHARS_MAX = 400

# Digits before the decimal point: keeps sums of a million rows inside a bigint.
AMOUNT_DIGITS_MAX = 12

QUANTITY_MAX = 1_000_000_000

# Digits a float keeps; a longer identifier in a numeric cell was already rounded by Excel.
EXACT_FLOAT_DIGITS = 15

# A workbook's parts together, unpacked; a 665 KB file can unpack to 200 MB.
WORKBOOK_BYTES_MAX = 64 * 1024 * 1024
WORKBOOK_PARTS_MAX = 2_000
# Compression beyond this ratio, on parts of some size, is a bomb and not a table.
WORKBOOK_RATIO_MAX = 100
WORKBOOK_RATIO_FLOOR_BYTES = 1024 * 1024
# Rows a sheet can have; a sheet with all of them was probably cut by the exporter.
SHEET_ROWS_MAX = 1_048_576

# Rows of one order that follow each other and are kept together in a chunk.
ORDER_ROWS_MAX = 50_000

# Rows looked at above the table for title lines.
TITLE_ROWS_MAX = 5

# A mapping file is a page of text.
MAPPING_BYTES_MAX = 64 * 1024
