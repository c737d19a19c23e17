/** What EC2 says of images and snapshots that are not there, or no more; and of snapshots that another image has as well. */
const GONE = /^(InvalidAMIID\.(NotFound|Unavailable)|InvalidSnapshot\.(NotFound|InUse))$/;

/** What the call of EC2 answers; undefined when its image or snapshot is gone, or belongs to somebody else. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (GONE.test((error as Error).name)) return undefined;
    throw error;
  }
}
