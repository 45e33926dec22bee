// How the tables of migrations/0002-sign-in.ts are called, in better-auth's terms.
const times = { createdAt: 'created_at', updatedAt: 'updated_at' };

export const user = { modelName: 'users', fields: { ...times, emailVerified: 'email_verified' } };

export const session = {
  modelName: 'sessions',
  fields: {
    ...times,
    userId: 'user_id',
    expiresAt: 'expires_at',
    ipAddress: 'ip_address',
    userAgent: 'user_agent',
  },
};

export const account = {
  modelName: 'accounts',
  fields: {
    ...times,
    accountId: 'account_id',
    providerId: 'provider_id',
    userId: 'user_id',
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    idToken: 'id_token',
    accessTokenExpiresAt: 'access_token_expires_at',
    refreshTokenExpiresAt: 'refresh_token_expires_at',
  },
};

export const verification = { modelName: 'verifications', fields: { ...times, expiresAt: 'expires_at' } };

export const deviceCode = {
  deviceCode: {
    modelName: 'device_codes',
    fields: {
      deviceCode: 'device_code',
      userCode: 'user_code',
      userId: 'user_id',
      expiresAt: 'expires_at',
      lastPolledAt: 'last_polled_at',
      pollingInterval: 'polling_interval',
      clientId: 'client_id',
    },
  },
};

export const passkey = {
  passkey: {
    modelName: 'passkeys',
    fields: {
      publicKey: 'public_key',
      userId: 'user_id',
      credentialID: 'credential_id',
      deviceType: 'device_type',
      backedUp: 'backed_up',
      createdAt: 'created_at',
    },
  },
};

export const jwtKey = {
  jwks: {
    modelName: 'jwt_keys',
    fields: {
      publicKey: 'public_key',
      privateKey: 'private_key',
      createdAt: 'created_at',
      expiresAt: 'expires_at',
    },
  },
};
