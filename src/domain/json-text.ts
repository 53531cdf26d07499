/** JSON as the database wrote it, handed on unread: to read a long answer and to write it again costs more than the rest of its request. */
export class JsonText<Told> {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  read(): Told {
    return JSON.parse(this.text) as Told;
  }
}
