/** Its OpenTelemetry side, likewise. */
export * from '../dist/otel/index.js'
