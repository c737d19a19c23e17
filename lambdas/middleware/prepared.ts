/** Something that is made when the function starts, and made again for the next call where that failed: a secret that could not be read, say. */
export function prepared<T>(make: () => Promise<T>): () => Promise<T> {
  let made = make();
  // Whoever calls gets the failure; until then nobody waits for it.
  made.catch(() => {});
  return () => {
    made = made.catch(make);
    return made;
  };
}
