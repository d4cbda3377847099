/** A mistake that somebody could make in the product: which lines would be different. `from` stands once in its file. */
export type Bug = {
  readonly name: string;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
};

export const bug = (name: string, file: string, from: string, to: string): Bug => ({
  name,
  edits: [{ file, from, to }],
});
