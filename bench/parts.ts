import { api } from "./api.ts";
import type { Part } from "./figures.ts";
import { growth } from "./growth.ts";
import { weight } from "./weight.ts";

/** In the order in which they are measured, one after another. */
export const PARTS: Part[] = [api, growth, weight];
