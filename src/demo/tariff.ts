// What the demo's model costs; agents of your own record what they really spend.

/** Dollars a word that the model writes. */
export const PRICE_PER_WORD_USD = 0.0002;
