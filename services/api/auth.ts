import type { Access } from '../../src/access/access.ts';
import { authorize, hasRole } from '../../src/access/authorize.ts';
import { AppError } from '../../src/core/errors.ts';
import { type ApiApp, principalOf } from './app.ts';
import { notFound } from './errors.ts';

/**
 * Asks every request who it is and whether it may, before its body is read, as the route's `config.access` says.
 * Registering a route without `config.access` throws. Authentication comes first, then the rate limit (which counts by key),
 * then authorisation.
 */
export function installAuth(app: ApiApp, access: Pick<Access, 'authenticate'>): void {
  app.decorateRequest('principal', null);

  app.addHook('onRoute', (route) => {
    const rule = route.config?.access;
    if (rule === undefined)
      throw new Error(`${route.method} ${route.url} does not say who may call it`);
    if (rule.kind === 'workspace' && !route.url.includes('/:workspaceId')) {
      throw new Error(`${route.method} ${route.url} names no workspace in its path`);
    }
  });

  app.addHook('onRequest', async (request) => {
    const rule = request.routeOptions.config.access;
    if (rule === undefined || rule.kind === 'public') return;
    const authentication = await access.authenticate(request.headers.authorization);
    if (authentication.kind === 'denied') {
      throw new AppError({
        code: 'unauthenticated',
        message: `Key ${authentication.reason}`,
        publicMessage: 'Send a valid API key: Authorization: Bearer axk_…',
      });
    }
    request.principal = authentication.principal;
  });

  app.addHook('preParsing', async (request) => {
    const rule = request.routeOptions.config.access;
    if (rule === undefined || rule.kind === 'public') return;
    const principal = principalOf(request);
    const { workspaceId } = request.params as { workspaceId: string };
    if (rule.kind === 'any') {
      if (!hasRole(principal, rule.role)) throw forbidden();
      return;
    }
    const target = rule.kind === 'workspace' ? workspaceId : null;
    const authorization = authorize(principal, target, rule.role);
    if (authorization.kind === 'foreign') throw notFound();
    if (authorization.kind === 'forbidden') throw forbidden();
  });
}

/** The answer to a known key that may not do this. */
export function forbidden(): AppError {
  return new AppError({ code: 'forbidden', message: 'This key may not do this.' });
}
