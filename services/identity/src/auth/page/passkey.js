// Passkeys are the one thing on these pages that a browser offers to scripts only: the buttons appear with this script.
const call = async (path, body) => {
  const response = await fetch(`/api/auth/passkey/${path}`, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(answer?.message ?? answer?.error?.message ?? 'That did not work.');
  return answer;
};

const work = {
  async 'sign-in'() {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      await call('generate-authenticate-options'),
    );
    const credential = await navigator.credentials.get({ publicKey });
    await call('verify-authentication', { response: credential.toJSON() });
  },
  async add() {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
      await call('generate-register-options'),
    );
    const credential = await navigator.credentials.create({ publicKey });
    const name = new Intl.DateTimeFormat('en', { dateStyle: 'medium' }).format(new Date());
    await call('verify-registration', { response: credential.toJSON(), name: `Passkey of ${name}` });
  },
};

if (typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function') {
  for (const part of document.querySelectorAll('[data-passkey]')) {
    const button = part.querySelector('button');
    const wrong = part.querySelector('[role=status]');
    part.hidden = false;
    const run = async () => {
      button.disabled = true;
      wrong.textContent = '';
      try {
        await work[part.dataset.passkey]();
        location.assign(part.dataset.next);
      } catch (error) {
        const refused = error.name === 'NotAllowedError';
        wrong.textContent = refused ? 'No passkey was used.' : error.message || 'That did not work.';
        button.disabled = false;
      }
    };
    button.addEventListener('click', () => void run());
  }
}
