/** An error that AWS answers with; each protocol renders it its own way. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export const invalidParameter = (message: string): Refusal =>
  new Refusal("InvalidParameter", `Invalid parameter: ${message}`);
