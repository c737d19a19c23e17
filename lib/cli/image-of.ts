import type { ImageFolder } from '../local/image-folder.ts';
import type { ImageSpec } from '../ports.ts';

/** Images that are named where another was asked for. */
const NAMED = 10;

/** The image of that id. Throws where there is none, and names those that there are. */
export function imageOf(imageId: string, { images }: ImageFolder): ImageSpec {
  const image = images.find((one) => one.imageId === imageId);
  if (image) return image.spec;
  const known = images.slice(-NAMED).map((one) => `${one.imageId} (${one.spec.name})`);
  throw new Error(`there is no image ${imageId}${known.length > 0 ? `; there are ${known.join(', ')}` : ''}`);
}
