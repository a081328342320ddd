/** Who sends, acts and reads when a person does, from the pages or the command line. */
export const OPERATOR = "operator";
