/** What the Worker takes of Node's crypto; the types of all of Node would promise what workerd does not have. */
declare module "node:crypto" {
  export class X509Certificate {
    constructor(pem: string);
    /** Dates as text, like "Nov 21 07:15:06 2026 GMT". */
    readonly validFrom: string;
    readonly validTo: string;
    readonly publicKey: { export(options: { type: "spki"; format: "der" }): Uint8Array<ArrayBuffer> };
  }
}
