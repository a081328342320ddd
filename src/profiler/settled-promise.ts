// Knowing when a promise settles, without its owner's noticing.

/**
 * Calls back when a promise settles.
 * @returns what its caller is to have instead: a promise of the same value that settles a moment
 * later; of a class of its own, which may have methods that a copy would lack, the promise itself.
 */
export function whenSettled<Result>(
  promise: Promise<Result>,
  onValue: () => void,
  onError: (error: unknown) => void,
): Promise<Result> {
  if (promise.constructor !== Promise) {
    // Its rejection is its owner's to handle: this branch ends here.
    void promise.then(onValue, onError);
    return promise;
  }
  return promise.then(
    (value) => {
      onValue();
      return value;
    },
    (error: unknown) => {
      onError(error);
      throw error;
    },
  );
}
