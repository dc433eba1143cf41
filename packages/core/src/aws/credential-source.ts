/**
 * Where credentials came from, by the marks that the SDK leaves on them for its user agent (`$source`, feature ids of
 * @aws-sdk/types `AwsSdkCredentialsFeatures`, SDK 3.1169). Marks of a chain name every step; the first of this list wins.
 */
const SOURCES = [
  ['CREDENTIALS_ENV_VARS', 'environment variables'],
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', 'web identity token of the environment'],
  ['CREDENTIALS_PROFILE_SSO', 'SSO profile in the shared files'],
  ['CREDENTIALS_PROFILE_SSO_LEGACY', 'SSO profile in the shared files'],
  ['CREDENTIALS_PROFILE_PROCESS', 'credential process of a profile'],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', 'web identity token of a profile'],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', 'role of a profile (source_profile)'],
  ['CREDENTIALS_PROFILE_NAMED_PROVIDER', 'role of a profile (credential_source)'],
  ['CREDENTIALS_PROFILE', 'profile in the shared files'],
  ['CREDENTIALS_SSO', 'SSO'],
  ['CREDENTIALS_SSO_LEGACY', 'SSO'],
  ['CREDENTIALS_STS_ASSUME_ROLE_WEB_ID', 'web identity token'],
  ['CREDENTIALS_STS_ASSUME_ROLE', 'assumed role'],
  ['CREDENTIALS_PROCESS', 'credential process'],
  ['CREDENTIALS_HTTP', 'container role (ECS or EKS Pod Identity)'],
  ['CREDENTIALS_IMDS', 'instance role (IMDS)'],
  ['CREDENTIALS_CODE', 'given in code'],
] as const;

/** The source in words; `unknown` for credentials that carry no mark. */
export function describeCredentialSource(credentials: object): string {
  const marks = '$source' in credentials ? credentials.$source : undefined;
  if (typeof marks !== 'object' || marks === null) return 'unknown';
  return SOURCES.find(([mark]) => mark in marks)?.[1] ?? 'unknown';
}
