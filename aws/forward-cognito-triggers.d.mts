export interface TriggerEvent {
  triggerSource: string;
  userName: string;
  userPoolId: string;
  region: string;
  request: { userAttributes: Record<string, string> };
  response: Record<string, unknown>;
}

export interface ForwarderSettings {
  TORIUM_URL?: string | undefined;
  /** One secret, or two while it is rotated: newest first, with a comma between them. */
  COGNITO_HOOK_SECRET?: string | undefined;
}

export function forwardTrigger(event: TriggerEvent, settings: ForwarderSettings): Promise<TriggerEvent>;
export function handler(event: TriggerEvent): Promise<TriggerEvent>;
