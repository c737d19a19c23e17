/** Asks until the answer is as wanted. Fails after `seconds`. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, seconds = 15): Promise<T> {
  for (let end = Date.now() + seconds * 1_000; ; ) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)} after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
