// Okta's Node SDK, as shipped, against the simulated tenant: a foreign judge of what the tenant answers.
// NODE_EXTRA_CA_CERTS=CA_FILE node client.js URL TOKEN APP_ID; ends with 1 when a step fails.
'use strict';
const assert = require('node:assert');
const { Client } = require('@okta/okta-sdk-nodejs');

const [orgUrl, token, appId] = process.argv.slice(2);
const okta = new Client({ orgUrl, token });

async function step(name, call) {
  try {
    const answer = await call();
    console.log('ok  ', name);
    return answer;
  } catch (error) {
    console.log('FAIL', name, String(error).slice(0, 600));
    process.exitCode = 1;
    return {};
  }
}

// ids reads every page of a list.
async function ids(list) {
  const found = [];
  await (await list).each((item) => { found.push(item.id); });
  return found;
}

// holds reads a list and wants an object in it.
async function holds(list, id) {
  const found = await ids(list);
  assert(found.includes(id), `${id} is not among ${found.length} objects`);
}

async function people() {
  const profile = {
    login: 'grace.foreign@acme.example.com', email: 'grace.foreign@acme.example.com',
    firstName: 'Grace', lastName: 'Foreign',
  };
  const user = await step('create user', () => okta.userApi.createUser({ body: { profile }, activate: true }));
  await step('list users, in pages', async () => {
    const found = await ids(okta.userApi.listUsers({ limit: 20 }));
    assert(found.length > 40 && new Set(found).size === found.length, `${found.length} people`);
  });
  await step('get user by login', async () => {
    assert.equal((await okta.userApi.getUser({ userId: profile.login })).id, user.id);
  });
  await step('search users', async () => {
    assert((await ids(okta.userApi.listUsers({ search: 'status eq "ACTIVE"' }))).length > 0);
  });
  return user.id;
}

async function groups(user) {
  const group = await step('create group', () => okta.groupApi.createGroup({
    group: { profile: { name: 'Foreign clients of Node', description: '' } },
  }));
  await step('list groups', () => holds(okta.groupApi.listGroups(), group.id));
  await step('add member', () => okta.groupApi.assignUserToGroup({ groupId: group.id, userId: user }));
  await new Promise((done) => setTimeout(done, 4000)); // member lists lag, as recorded
  await step('list members', () => holds(okta.groupApi.listGroupUsers({ groupId: group.id }), user));
  await step('groups of a user', () => holds(okta.userApi.listUserGroups({ userId: user }), group.id));
  await step('remove member', () => okta.groupApi.unassignUserFromGroup({ groupId: group.id, userId: user }));
}

async function applications(user) {
  await step('list applications', () => holds(okta.applicationApi.listApplications(), appId));
  await step('assign user', () => okta.applicationApi.assignUserToApplication({
    appId, appUser: { id: user, scope: 'USER' },
  }));
  await step('list assignments', () => holds(okta.applicationApi.listApplicationUsers({ appId }), user));
  await step('create bookmark', async () => {
    const made = await okta.applicationApi.createApplication({ application: {
      name: 'bookmark', label: 'Wiki', signOnMode: 'BOOKMARK',
      settings: { app: { requestIntegration: false, url: 'https://wiki.example.com' } },
    } });
    assert.equal(made.settings.app.url, 'https://wiki.example.com');
  });
}

async function policies() {
  for (const type of ['MFA_ENROLL', 'ACCESS_POLICY']) {
    const [policyId] = await step(`list policies ${type}`, () => ids(okta.policyApi.listPolicies({ type })));
    await step(`list rules ${type}`, async () => {
      assert((await ids(okta.policyApi.listPolicyRules({ policyId }))).length > 0);
    });
  }
  await step('list authenticators', async () => {
    assert((await ids(okta.authenticatorApi.listAuthenticators())).length > 0);
  });
}

async function factors(userId) {
  const factor = await step('enrol totp', () => okta.userFactorApi.enrollFactor({
    userId, body: { factorType: 'token:software:totp', provider: 'GOOGLE' },
  }));
  await step('list factors', () => holds(okta.userFactorApi.listFactors({ userId }), factor.id));
  await step('remove factor', () => okta.userFactorApi.unenrollFactor({ userId, factorId: factor.id }));
}

(async () => {
  const user = await people();
  await groups(user);
  await applications(user);
  await policies();
  await factors(user);
})();
