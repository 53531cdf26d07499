import { AwsClient } from "aws4fetch";

export interface MailSettings {
  /** Where SES is: the inbox. */
  url: string;
  region: string;
  access_key_id: string;
  secret_access_key: string;
  from: string;
}

/** Sends Cognito's code to a person through SES, signed as Cognito itself would; throws when it is not accepted. */
export function codesByMail(settings: MailSettings) {
  const ses = new AwsClient({
    accessKeyId: settings.access_key_id,
    secretAccessKey: settings.secret_access_key,
    region: settings.region,
    service: "ses",
    retries: 0,
  });
  return async (to: string, code: string): Promise<void> => {
    const response = await ses.fetch(`${settings.url}/v2/email/outbound-emails`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(3_000),
      body: JSON.stringify({
        FromEmailAddress: settings.from,
        Destination: { ToAddresses: [to] },
        Content: {
          Simple: {
            Subject: { Data: "Your verification code", Charset: "UTF-8" },
            Body: {
              Text: { Data: `Your Torium code is ${code}.`, Charset: "UTF-8" },
              Html: { Data: `<p>Your Torium code is <strong>${code}</strong>.</p>`, Charset: "UTF-8" },
            },
          },
        },
      }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`The inbox refused the code's e-mail: ${response.status} ${answer}`);
  };
}
