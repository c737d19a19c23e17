/** Milliseconds between two questions at the most; the first ones follow faster, since most answers are there at once. */
const LONGEST_PAUSE = 50;

/** Asks until the answer is as wanted. Fails after `seconds`. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, seconds = 15): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  for (let pause = 4; ; pause = Math.min(LONGEST_PAUSE, 2 * pause)) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)} after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
