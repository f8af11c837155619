"""Okta's Python SDK, as shipped, against the simulated tenant: a foreign judge of what the tenant answers.

python client.py URL TOKEN CA_FILE APP_ID; ends with 1 when a step fails. Python 3.13 verifies certificates strictly by
default; the same flag is set by hand here, so that 3.11 refuses what 3.13 refuses.
"""
import asyncio
import ssl
import sys

url, token, ca, app_id = sys.argv[1:5]
_default_context = ssl.create_default_context


def strict_context(*args, **kwargs):
    context = _default_context(*args, **kwargs)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(ca)
    return context


ssl.create_default_context = strict_context

from okta.client import Client  # noqa: E402  the SDK takes its context while it is imported
from okta import models  # noqa: E402

failed = 0


async def step(name, call, check=lambda data: True):
    """Runs one call and prints how it ended. Returns what Okta answered, None after a failure."""
    global failed
    try:
        answer = await call
        data, error = (None, answer[-1]) if len(answer) < 3 else (answer[0], answer[-1])
        if error is None and check(data):
            print("ok  ", name)
            return data
        why = repr(error) if error is not None else "unexpected: %r" % (data,)
    except Exception as error:  # a model of the SDK refuses the answer
        why = "%s: %s" % (type(error).__name__, error)
    failed += 1
    print("FAIL", name, why[:600])
    return None


def holds(wanted):
    """Checks that a list contains an object with this id."""
    return lambda found: any(item.id == wanted for item in found)


async def people(okta):
    body = models.CreateUserRequest.from_dict({"profile": {
        "login": "ada.foreign@acme.example.com", "email": "ada.foreign@acme.example.com",
        "firstName": "Ada", "lastName": "Foreign"}})
    user = await step("create user", okta.create_user(body, activate=True))
    await step("list users", okta.list_users(limit=5), lambda found: len(found) == 5)
    await step("get user by login", okta.get_user("ada.foreign@acme.example.com"), lambda u: u.id == user.id)
    await step("search users", okta.list_users(search='profile.lastName eq "Nakamura" or status eq "ACTIVE"'),
               lambda found: len(found) > 0)
    return user.id


async def groups(okta, user):
    group = await step("create group", okta.add_group(models.AddGroupRequest.from_dict(
        {"profile": {"name": "Foreign clients", "description": "made by Python"}})))
    await step("list groups", okta.list_groups(), holds(group.id))
    await step("add member", okta.assign_user_to_group(group.id, user))
    await asyncio.sleep(4)  # member lists lag, as recorded
    await step("list members", okta.list_group_users(group.id), holds(user))
    await step("groups of a user", okta.list_user_groups(user), holds(group.id))
    await step("remove member", okta.unassign_user_from_group(group.id, user))


async def applications(okta, user):
    await step("list applications", okta.list_applications(), holds(app_id))
    await step("get application", okta.get_application(app_id), lambda app: app.id == app_id)
    await step("assign user", okta.assign_user_to_application(
        app_id, models.AppUserAssignRequest.from_dict({"id": user, "scope": "USER"})), lambda a: a.id == user)
    await step("list assignments", okta.list_application_users(app_id), holds(user))


async def policies(okta):
    found = await step("list enrolment policies", okta.list_policies(type="MFA_ENROLL"), lambda p: len(p) > 0)
    await step("get policy", okta.get_policy(found[0].id), lambda p: p.id == found[0].id)
    await step("list rules", okta.list_policy_rules(found[0].id), lambda rules: len(rules) > 0)
    await step("list authenticators", okta.list_authenticators(), lambda a: len(a) > 0)


async def factors(okta, user):
    await step("supported factors", okta.list_supported_factors(user), lambda found: len(found) > 0)
    factor = await step("enrol sms", okta.enroll_factor(user, models.UserFactor.from_dict(
        {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+15554151337"}})))
    await step("list factors", okta.list_factors(user), holds(factor.id))
    await step("remove factor", okta.unenroll_factor(user, factor.id))


async def main():
    okta = Client({"orgUrl": url, "token": token, "logging": {"enabled": False},
                   "testing": {"testingDisableHttpsCheck": True}})  # an address is no host name to the SDK
    user = await people(okta)
    await groups(okta, user)
    await applications(okta, user)
    await policies(okta)
    await factors(okta, user)


asyncio.run(main())
sys.exit(1 if failed else 0)
