import { bodyLimit } from "hono/body-limit";
import { AppError } from "../errors.ts";

const MAX_BODY_BYTES = 64 * 1024;

export const limitBodyTo = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new AppError("payload_too_large", `The body is larger than ${maxSize / 1024} KiB`);
    },
  });

export const limitBody = limitBodyTo(MAX_BODY_BYTES);
