export { ConfigError, describeConfig, loadConfig, type SettingDescription } from './config.ts';
export { durationMs, flag, list, port, secretText, url } from './fields.ts';
