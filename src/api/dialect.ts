export const speakDialect = (
  request: Request,
  handle: (plain: Request) => Promise<Response>,
  _requestId: string,
): Promise<Response> => handle(request);
