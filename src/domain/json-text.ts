/** JSON that is written already and is handed on as it stands: what many rows of a long answer share is written once, and put in by its text. */
export class JsonText<Told> {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  read(): Told {
    return JSON.parse(this.text) as Told;
  }
}
