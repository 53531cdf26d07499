import { api } from "./api.ts";
import type { Part } from "./figures.ts";
import { growth } from "./growth.ts";
import { pipeline } from "./pipeline.ts";
import { rivals } from "./rivals.ts";
import { weight } from "./weight.ts";

/** In the order in which they are measured, one after another. */
export const PARTS: Part[] = [api, pipeline, rivals, growth, weight];
