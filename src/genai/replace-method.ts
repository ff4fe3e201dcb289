export type Method = (...args: unknown[]) => unknown;
export type Methods = Record<PropertyKey, unknown>;

/** Puts a method over the one of the object's class, as hidden as that one. Throws for what is frozen. */
export function replaceMethod(target: Methods, name: PropertyKey, method: Method): void {
  Object.defineProperty(target, name, {
    value: method,
    configurable: true,
    writable: true,
    enumerable: Object.getOwnPropertyDescriptor(target, name)?.enumerable ?? false,
  });
}
