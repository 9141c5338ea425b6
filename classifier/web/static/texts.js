// The texts of scripts in the reader's language: the page brings them, in English it brings none.

const page = globalThis.document?.getElementById("texts")?.textContent;
const { texts, plurals } = page ? JSON.parse(page) : { texts: {}, plurals: "" };
const PLACE = /%\((\w+)\)s/;

const translated = (message) => texts[message] || message;
const inForm = (one, many, n) => texts[one]?.[plurals[n < plurals.length ? n : 100 + (n % 100)]] || (n === 1 ? one : many);
const isPlace = (index) => index % 2 === 1;

/** Return a text with its values as a list: what stands between the places, and the values, which may be nodes. */
const parts = (message, values) => message.split(PLACE).map((part, index) => (isPlace(index) ? values[part] : part));
const filled = (message, values) => (values ? parts(message, values).join("") : message);

/** The reader's language, for dates and numbers. Their digits are those of the service's own. */
export const locale = `${globalThis.document?.documentElement.lang || "en"}-u-nu-latn`;

export const number = (n) => n.toLocaleString(locale);

/** Return a text in the reader's language, with values in its places: `%(name)s`. */
export const _ = (message, values) => filled(translated(message), values);

/** Return a text as it is: it is translated where it is shown. */
export const N_ = (message) => message;

/** Return a text that means different things in different places. `context` says which is meant. */
export const pgettext = (context, message, values) => filled(texts[`${context}\u0004${message}`] || message, values);

/** Return a text in the form of a number, which is its value `n`. */
export const ngettext = (one, many, n, values) => filled(inForm(one, many, n), { n, ...values });

/** As `_` and `ngettext`, for values that are nodes: return a list of text and nodes. */
export const nodes = (message, values) => parts(translated(message), values);
export const nnodes = (one, many, n, values) => parts(inForm(one, many, n), { n, ...values });
