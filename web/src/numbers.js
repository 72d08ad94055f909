// How numbers are written: the same rules as huitou/ui/numbers.py, tested by the same table.

const COMPACT_FROM = 10_000;

/** The page's number words: {symbol, digits, units: [[worth, name], ...]} largest unit first. */
export function pageWords() {
  return JSON.parse(document.querySelector('meta[name="huitou-numbers"]').content);
}

function rounded(numerator, denominator) {
  const whole = Math.floor((2 * Math.abs(numerator) + denominator) / (2 * denominator));
  return numerator >= 0 ? whole : -whole;
}

function grouped(whole) {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
}

function tenthsText(tenths) {
  return `${grouped(Math.floor(tenths / 10))}.${tenths % 10}`;
}

function compactText(value, scale, units) {
  const size = Math.abs(value);
  if (size < COMPACT_FROM * scale) return null;
  for (const [index, [worth, name]] of units.entries()) {
    const tenths = rounded(size * 10, worth * scale);
    const larger = index > 0 ? units[index - 1] : null;
    if (larger && tenths * worth >= larger[0] * 10) {
      return tenthsText(rounded(size * 10, larger[0] * scale)) + larger[1];
    }
    if (size >= worth * scale) return tenthsText(tenths) + name;
  }
  return null;
}

/** An amount of minor units: ¥1,234.56, or compact ¥58.7万. */
export function money(minor, words, compact = false) {
  const scale = 10 ** words.digits;
  const prefix = (minor < 0 ? "-" : "") + words.symbol;
  const short = compact ? compactText(minor, scale, words.units) : null;
  if (short) return prefix + short;
  const size = Math.abs(minor);
  const rest = words.digits ? `.${String(size % scale).padStart(words.digits, "0")}` : "";
  return prefix + grouped(Math.floor(size / scale)) + rest;
}

/** A count: 12,340, or compact 12.3万 from a hundred thousand on. */
export function count(value, words, compact = false) {
  const prefix = value < 0 ? "-" : "";
  const long = compact && Math.abs(value) >= 10 * COMPACT_FROM;
  const short = long ? compactText(value, 1, words.units) : null;
  return prefix + (short ?? grouped(Math.abs(value)));
}

/** A share of one as 71.6%. */
export function percent(ratio) {
  const tenths = Math.floor(Math.abs(ratio * 100) * 10 + 0.5);
  return (ratio < 0 && tenths > 0 ? "-" : "") + `${tenthsText(tenths)}%`;
}

/** A tick of a money axis: whole units only, without the sign and without a needless ".0". */
export function axisMoney(minor, words) {
  const scale = 10 ** words.digits;
  const short = compactText(minor, scale, words.units);
  const text = short ?? grouped(Math.round(Math.abs(minor) / scale));
  return (minor < 0 ? "-" : "") + text.replace(/\.0(?=\D)/, "");
}
