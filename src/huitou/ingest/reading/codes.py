"""Why a row or file was not accepted as it stands, and what a person can do about it.

``QUARANTINE`` explains the codes of refused rows, ``WARNINGS`` the codes counted on accepted ones,
``REFUSALS`` the codes of files refused before any effect.
"""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """What is wrong and what to do, in Chinese and English."""

    zh: str
    en: str


QUARANTINE: dict[str, Explanation] = {
    "BAD_ENCODING": Explanation(
        "这一行的字节不符合文件的编码。请用原始导出文件，或另存为 UTF-8 后重试。",
        "The bytes of this line do not fit the file's encoding. Use the original export or save it as UTF-8.",
    ),
    "NUL_CHARACTER": Explanation(
        "这一行含有空字符 (NUL)。请重新导出。",
        "The row holds a NUL character. Export the file again.",
    ),
    "CONTROL_CHARACTER": Explanation(
        "单元格含有控制字符。请删除后重试。",
        "The cell holds a control character. Remove it and retry.",
    ),
    "SHORT_ROW": Explanation(
        "这一行的列数比表头少。请补齐后重试。",
        "The row has fewer cells than the header. Complete it and retry.",
    ),
    "LONG_ROW": Explanation(
        "这一行的列数比表头多，通常是内容里有未加引号的分隔符。",
        "The row has more cells than the header, usually an unquoted separator inside a cell.",
    ),
    "UNCLOSED_QUOTE": Explanation(
        "这一行有没有结束的引号。请补上或删除引号。",
        "A quote opened on this line is never closed. Close or remove it.",
    ),
    "BAD_QUOTE": Explanation(
        "结束引号后面还有内容。请把单元格内的引号写成两个。",
        "Text follows a closing quote. Double the quotes inside the cell.",
    ),
    "FIELD_TOO_LONG": Explanation(
        "单元格超过 32,767 个字符。请缩短后重试。",
        "The cell is longer than 32,767 characters. Shorten it and retry.",
    ),
    "TOTALS_ROW": Explanation(
        "这是合计行，不是订单，无需处理。",
        "This is a totals line, not a record; nothing needs doing.",
    ),
    "MISSING_VALUE": Explanation(
        "必填的单元格为空。请补上后重试。",
        "A required cell is empty. Fill it in and retry.",
    ),
    "EXCEL_DAMAGED_ID": Explanation(
        "编号被 Excel 改成了数字，末尾几位已经丢失，不能猜回来。请用原始导出文件，把该列按文本打开。",
        "Excel turned the number into a figure and lost its last digits. Use the original export and keep the column as text.",
    ),
    "EXCEL_DAMAGED_PHONE": Explanation(
        "手机号被 Excel 改成了科学计数，已经丢失。请用原始导出文件。",
        "Excel turned the phone number into a figure. Use the original export.",
    ),
    "EXCEL_DAMAGED_NUMBER": Explanation(
        "数字超过 Excel 的精度，已经丢失。请把该列存为文本。",
        "The number exceeds what Excel can hold exactly. Keep the column as text.",
    ),
    "EXCEL_ERROR": Explanation(
        "单元格是 Excel 的错误值（如 #N/A）。请修正公式后重试。",
        "The cell holds an Excel error such as #N/A. Correct the formula and retry.",
    ),
    "FORMULA_WITHOUT_VALUE": Explanation(
        "公式没有保存计算结果。请在 Excel 里打开并保存，或粘贴为数值。",
        "The formula has no stored result. Open and save the file in Excel, or paste values.",
    ),
    "BOOLEAN_VALUE": Explanation(
        "单元格是 TRUE/FALSE，这里需要文字或数字。",
        "The cell is TRUE or FALSE where text or a number belongs.",
    ),
    "BAD_ID": Explanation(
        "编号含有不允许的字符。请核对原始数据。",
        "The number holds characters that do not belong there. Check the source.",
    ),
    "ID_TOO_LONG": Explanation(
        "编号过长。请核对原始数据。", "The number is too long. Check the source."
    ),
    "TEXT_TOO_LONG": Explanation(
        "文字超过该列允许的长度。请缩短后重试。",
        "The text is longer than the column allows. Shorten it and retry.",
    ),
    "BAD_AMOUNT": Explanation(
        "金额无法识别。请写成 1234.50 的形式，或在映射里说明小数点写法。",
        "The amount cannot be read. Write it like 1234.50, or state the decimal mark in the mapping.",
    ),
    "TOO_MANY_DECIMALS": Explanation(
        "金额的小数位多于该币种。请核对。",
        "The amount has more decimals than the currency. Check it.",
    ),
    "NEGATIVE_AMOUNT": Explanation(
        "金额为负。如果负数表示退款，请在映射里说明。",
        "The amount is negative. If negatives are refunds, say so in the mapping.",
    ),
    "NEGATIVE_QUANTITY": Explanation(
        "数量为负。如果负数表示退货，请在映射里说明。",
        "The quantity is negative. If negatives are returns, say so in the mapping.",
    ),
    "NUMBER_OUT_OF_RANGE": Explanation(
        "数字过大。请核对原始数据。", "The number is too large. Check the source."
    ),
    "BAD_QUANTITY": Explanation("数量必须是整数。", "The quantity must be a whole number."),
    "BAD_RATING": Explanation("评分必须是 1 到 5。", "The rating must be 1 to 5."),
    "AMBIGUOUS_DATE": Explanation(
        "日期有歧义（年月日顺序不明）。请在映射里写明日期格式。",
        "The date can be read in several ways. State the date format in the mapping.",
    ),
    "BAD_DATE": Explanation(
        "日期无法识别或不存在。请核对。", "The date cannot be read or does not exist. Check it."
    ),
    "DATE_OUT_OF_RANGE": Explanation(
        "日期超出合理范围。请核对。", "The date is outside any sensible range. Check it."
    ),
    "FUTURE_DATE": Explanation(
        "日期在未来一天以后。请核对时钟与时区。",
        "The date lies more than a day ahead. Check the clock and the time zone.",
    ),
    "UNKNOWN_STATUS": Explanation(
        "不认识的状态。请在映射的 status 里补上它的含义。",
        "The status is not known. Add its meaning under status in the mapping.",
    ),
    "UNKNOWN_CURRENCY": Explanation(
        "币种代码无法识别。请用三位代码，如 CNY。",
        "The currency is not known. Use a three-letter code such as CNY.",
    ),
    "MIXED_CURRENCY": Explanation(
        "与同一文件其他行的币种不同。请按币种分成不同文件。",
        "The currency differs from the rest of the file. Split the file by currency.",
    ),
    "TWO_PHONES": Explanation(
        "一个单元格里有两个电话。请只留一个。",
        "Two phone numbers share one cell. Keep one.",
    ),
    "BAD_EMAIL": Explanation("邮箱地址无效。", "The e-mail address is not valid."),
    "EMAIL_NOT_SUPPORTED": Explanation(
        "暂不支持含非英文字符的邮箱。", "Addresses with non-ASCII characters are not supported."
    ),
    "AMOUNTS_DISAGREE": Explanation(
        "实付金额与应付减优惠相差超过一分。请核对。",
        "The paid amount differs from the list price less discount. Check it.",
    ),
}

WARNINGS: dict[str, Explanation] = {
    "HEADER_ONLY": Explanation("文件只有表头，没有数据。", "The file has a header and no rows."),
    "TITLE_ROWS_SKIPPED": Explanation("跳过了表头上方的标题行。", "Title rows above the header were skipped."),
    "UNKNOWN_COLUMN": Explanation("不认识的列，未读取。", "Columns that are not known were not read."),
    "ID_NOISE_STRIPPED": Explanation("去掉了编号外的引号、空白或 .0。", "Quotes, blanks or .0 around numbers were removed."),
    "ID_POINT_ZERO": Explanation("编号末尾的 .0 已去掉。", "A .0 at the end of numbers was removed."),
    "MOJIBAKE": Explanation("文字疑似乱码。", "Some text looks garbled."),
    "DATE_UNKNOWN": Explanation("占位日期按未知处理。", "Placeholder dates were read as unknown."),
    "DST_ADJUSTED": Explanation("夏令时切换的时刻按规则处理。", "Times in a daylight-saving change were settled by rule."),
    "VIRTUAL_NUMBER": Explanation("虚拟号，不用于识别和发送。", "Relay numbers are not used to identify or to send."),
    "PLACEHOLDER_PHONE": Explanation("占位手机号，不用于识别。", "Placeholder numbers are not used to identify."),
    "NOT_A_MOBILE": Explanation("不是手机号，不能发短信。", "Not a mobile number: no SMS."),
    "PHONE_NOT_UNDERSTOOD": Explanation("电话无法识别，仅作展示。", "Phone numbers that could not be read are only shown."),
    "MINOR": Explanation("未满 14 岁，不得营销。", "Under 14 years: no marketing."),
    "AMOUNT_MISMATCH": Explanation("实付与应付减优惠不一致。", "Paid differs from list price less discount."),
    "REFUND_OVER_PAID": Explanation("退款大于实付，按实付计。", "A refund above the amount paid counts as the amount paid."),
    "HIDDEN_CELLS": Explanation("含隐藏的工作表、行或列，也已读取。", "Hidden rows or columns were read too; hidden sheets were not."),
    "MERGED_CELLS": Explanation("含合并单元格。", "The sheet has merged cells."),
    "OTHER_SHEETS": Explanation("只读取了第一个可见工作表。", "Only the first visible sheet was read."),
    "MAY_BE_CUT": Explanation("达到 Excel 行数上限，可能被截断。", "The sheet reaches Excel's row limit and may be cut."),
    "DUPLICATE_COLUMN": Explanation("有同名的列，未使用。", "Columns share a name and were not used."),
}  # fmt: skip

REFUSALS: dict[str, Explanation] = {
    "EMPTY_FILE": Explanation("文件为空。", "The file is empty."),
    "UNKNOWN_ENCODING": Explanation("无法确定编码，请另存为 UTF-8。", "The encoding is unknown; save as UTF-8."),
    "LOOKS_LIKE_HTML": Explanation("文件其实是网页。", "The file is an HTML page."),
    "LOOKS_LIKE_TEXT": Explanation("文件其实是文本，请改名为 .csv。", "The file is text; rename it to .csv."),
    "LOOKS_LIKE_WORKBOOK": Explanation("文件其实是工作簿，请改名为 .xlsx。", "The file is a workbook; rename it to .xlsx."),
    "UNKNOWN_FILE_KIND": Explanation("不是表格文件。", "Not a table."),
    "COMPRESSED_FILE": Explanation("请先解压。", "Unpack the file first."),
    "LEGACY_WORKBOOK": Explanation("请另存为 .xlsx。", "Save it as .xlsx."),
    "ENCRYPTED_FILE": Explanation("文件有密码。", "The file is encrypted."),
    "DAMAGED_FILE": Explanation("文件损坏或不完整。", "The file is damaged or incomplete."),
    "UNSAFE_ARCHIVE": Explanation("压缩包内容不安全。", "The archive is not safe to open."),
    "MACROS": Explanation("含宏的工作簿不予接受。", "Workbooks with macros are not accepted."),
    "FILE_TOO_LARGE": Explanation("解压后过大。", "Too large once unpacked."),
    "FILE_CHANGED": Explanation("文件还在变化。", "The file is still changing."),
    "TOO_MANY_COLUMNS": Explanation("列数过多。", "Too many columns."),
    "LINE_TOO_LONG": Explanation("单行过长。", "A line is too long."),
    "DUPLICATE_COLUMN": Explanation("列名重复。", "A column name appears twice."),
    "MISSING_KEY_COLUMN": Explanation("缺少关键列。", "A key column is missing."),
    "BAD_MAPPING": Explanation("映射文件有误。", "The mapping is wrong."),
    "UNKNOWN_FORMAT": Explanation("不认识的格式。", "The format is not known."),
}  # fmt: skip
