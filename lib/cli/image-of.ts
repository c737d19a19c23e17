import type { ImageFolder } from '../local/image-folder.ts';
import type { ImageSpec } from '../ports.ts';
import type { Argument, Option } from './command.ts';
import { DATA } from './shared-options.ts';

/** An image of this machine, as an argument. */
export const IMAGE: Argument = { name: 'IMAGE', text: 'the image, such as ami-0123456789abcdef0' };

/** The folder of a service, for commands that work in it themselves. */
export const STOPPED_DATA: Option = {
  ...DATA,
  text: 'the folder of the service that made the image; no service may run in it meanwhile',
};

/** Images that are named where another was asked for. */
const NAMED = 10;

/** The image of that id. Throws where there is none, and names those that there are. */
export function imageOf(imageId: string, { images }: ImageFolder): ImageSpec {
  const image = images.find((one) => one.imageId === imageId);
  if (image) return image.spec;
  const known = images.slice(-NAMED).map((one) => `${one.imageId} (${one.spec.name})`);
  throw new Error(`there is no image ${imageId}${known.length > 0 ? `; there are ${known.join(', ')}` : ''}`);
}
