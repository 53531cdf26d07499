import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import { messages, newAddress, newNumber, url } from "./inbox-room.ts";
import { credentials, sendEmail, ses } from "./signed-calls.ts";

describe("signatures", () => {
  const form = "Action=Publish&PhoneNumber=%2B48600999999&Message=Hello+%C5%82%21%27%28%29%2A";

  async function signed(changes: Partial<ConstructorParameters<typeof AwsV4Signer>[0]> = {}) {
    const signer = new AwsV4Signer({
      ...credentials,
      service: "sns",
      url: `${url}/`,
      method: "POST",
      body: form,
      ...changes,
    });
    const { headers } = await signer.sign();
    return headers;
  }
  const post = (headers: Headers, body = form, path = "/") => fetch(`${url}${path}`, { method: "POST", headers, body });
  const amzDate = (ms: number) => new Date(ms).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const codeOf = async (answer: Response) => /<Code>(\w+)</.exec(await answer.text())?.[1];

  it("accepts what aws4fetch signs, for SNS and for SES", async () => {
    expect((await post(await signed())).status).toBe(200);
    expect((await post(await signed({ allHeaders: true, headers: { "content-type": "x/y" } }))).status).toBe(200);
    expect((await sendEmail(url, newAddress())).status).toBe(200);
    expect((await ses(url, "account?b=2&a=1%20x&a=0&c=%2F!'()*")).status).toBe(200);
  });

  it("accepts what the AWS SDK's own signer signs", async () => {
    class Sha256 {
      #hash;
      constructor(key?: unknown) {
        this.#hash = key ? createHmac("sha256", key as Buffer) : createHash("sha256");
      }
      update(data: Uint8Array) {
        this.#hash.update(data);
      }
      async digest() {
        return new Uint8Array(this.#hash.digest());
      }
    }
    const { region, ...keys } = credentials;
    for (const applyChecksum of [true, false]) {
      const signer = new SignatureV4({
        region,
        service: "sns",
        credentials: keys,
        sha256: Sha256 as never,
        applyChecksum,
      });
      const host = new URL(url).host;
      const headers = { host, "content-type": "application/x-www-form-urlencoded" };
      const request = await signer.sign({
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        path: "/",
        query: {},
        headers,
        body: form,
      });
      expect((await post(new Headers(request.headers))).status).toBe(200);
    }
  });

  it("refuses a body that was altered after signing", async () => {
    const answer = await post(await signed(), form.replace("Hello", "Hallo"));
    expect([answer.status, await codeOf(answer)]).toEqual([403, "SignatureDoesNotMatch"]);
  });

  it("refuses an altered body also when the signature covers a stated hash", async () => {
    for (const hash of [createHash("sha256").update(form).digest("hex"), "UNSIGNED-PAYLOAD"]) {
      const answer = await post(await signed({ headers: { "x-amz-content-sha256": hash } }), `${form}x`);
      expect(await codeOf(answer)).toBe("SignatureDoesNotMatch");
    }
  });

  it("refuses a wrong secret, region, service, path, query or signed header", async () => {
    expect(await codeOf(await post(await signed({ secretAccessKey: "wrong" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed({ region: "us-east-1" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed({ service: "ses" })))).toBe("SignatureDoesNotMatch");
    expect(await codeOf(await post(await signed(), form, "/?a=1"))).toBe("SignatureDoesNotMatch");
    const altered = await signed({ headers: { "x-amz-target": "one" } });
    altered.set("x-amz-target", "two");
    expect(await codeOf(await post(altered))).toBe("SignatureDoesNotMatch");
    const added = await signed();
    added.set("x-amz-target", "unsigned");
    expect(await codeOf(await post(added))).toBe("SignatureDoesNotMatch");
  });

  it("refuses a missing signature, a malformed one and an unknown key", async () => {
    const malformed = await signed();
    malformed.set("authorization", "AWS4-HMAC-SHA256 Credential=x");
    const cases = [
      [new Headers(), "MissingAuthenticationToken"],
      [malformed, "IncompleteSignature"],
      [await signed({ accessKeyId: "AKIAOTHER" }), "InvalidClientTokenId"],
    ] as const;
    for (const [headers, code] of cases) {
      const answer = await post(headers);
      expect([answer.status, await codeOf(answer)]).toEqual([403, code]);
    }
  });

  it("refuses a signature made more than five minutes ago or ahead", async () => {
    for (const minutes of [-6, 6]) {
      const answer = await post(await signed({ datetime: amzDate(Date.now() + minutes * 60_000) }));
      expect([answer.status, await codeOf(answer)]).toEqual([403, "RequestExpired"]);
    }
    expect((await post(await signed({ datetime: amzDate(Date.now() - 4 * 60_000) }))).status).toBe(200);
  });

  it("refuses SES calls in JSON with the error's type in a header", async () => {
    const unsigned = await fetch(`${url}/v2/email/outbound-emails`, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(403);
    expect(unsigned.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationTokenException");
    expect(await unsigned.json()).toEqual({ message: expect.any(String) });
    const mail = { url: `${url}/v2/email/account`, method: "GET", body: "" };
    const wrong = await signed({ ...mail, service: "ses", secretAccessKey: "wrong" });
    const answer = await fetch(mail.url, { headers: wrong });
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([403, "InvalidSignatureException"]);
  });

  it("keeps nothing of a refused call", async () => {
    const to = newNumber();
    const body = `Action=Publish&PhoneNumber=${encodeURIComponent(to)}&Message=x`;
    expect((await post(await signed({ secretAccessKey: "wrong", body }), body)).status).toBe(403);
    expect(await messages(to)).toEqual([]);
  });
});
