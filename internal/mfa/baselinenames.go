package mfa

import (
	"slices"
	"strings"
	"unicode"
)

// baselineColumns gives the meaning of a column by its squeezed name. The names are the fields that Okta's help lists
// for the report, what its older and neighbouring reports call them, and sensible variants; "" is known and not
// needed.
var baselineColumns = map[string]string{
	"userid": "id", "id": "id", "oktaid": "id", "oktauserid": "id",
	"userlogin": "login", "login": "login", "username": "login", "oktausername": "login", "profilelogin": "login",
	"user":      "user",
	"useremail": "email", "email": "email", "primaryemail": "email", "emailaddress": "email", "userprimaryemail": "email",
	"name": "name", "fullname": "name", "displayname": "name", "userdisplayname": "name", "userfullname": "name",
	"firstname": "first", "userfirstname": "first", "lastname": "last", "userlastname": "last",
	"userstatus": "status", "status": "status", "accountstatus": "status",
	"userisadmin": "admin", "isadmin": "admin", "admin": "admin", "useradmin": "admin",
	"group": "groups", "groups": "groups", "groupname": "groups", "groupnames": "groups", "usergroups": "groups",
	"usergroup":         "groups",
	"authenticatortype": "methods", "authenticatortypes": "methods", "authenticator": "methods",
	"authenticators":         "methods",
	"enrolledauthenticators": "methods", "authenticatorsenrolled": "methods", "authenticatortypesenrolled": "methods",
	"enrolledauthenticatortypes": "methods", "factors": "methods", "enrolledfactors": "methods",
	"mfafactor": "methods", "mfafactors": "methods",
	"factortype": "methods", "factortypes": "methods", "methods": "methods",
	"authenticatorcount": "count", "authenticatorscount": "count", "authenticatortypecount": "count",
	"numberofauthenticators": "count",
	"usercreated":            "", "useractivated": "", "created": "", "activated": "", "lastupdated": "",
	"lastenrollediso8601": "", "lastusediso8601": "",
}

// otherReport names the report that has a column which "MFA enrollment by user" does not have, "" for none. Rows of
// these reports name people and authenticators too, and would be read as enrolments.
func otherReport(column string) string {
	switch column {
	case "eventtype", "eventid", "event", "eventtime", "eventname", "transactionid", "outcome", "outcomeresult", "result":
		return "a report of events, such as the System Log or authentication activity"
	case "application", "applicationname", "applicationid", "appname", "appid", "applicationlabel", "appinstance":
		return "a report about applications, such as application usage or current assignments"
	case "rolename", "role", "roles", "resourceset", "adminrole", "adminroles":
		return "a report about administrators"
	case "campaign", "campaignname", "reviewer", "decision", "entitlement", "entitlements":
		return "a report about access, such as an access certification"
	}
	return ""
}

// displayNames gives the authenticator key or the factor type by the squeezed name that the Admin Console shows.
var displayNames = map[string]string{
	"oktaverify": "okta_verify", "oktaverifypush": "push", "oktaverifywithpush": "push",
	"oktaverifytotp":     "token:software:totp",
	"oktaverifyfastpass": "signed_nonce", "oktafastpass": "signed_nonce", "fastpass": "signed_nonce",
	"googleauthenticator": "google_otp", "googleotp": "google_otp",
	"phone": "phone_number", "phonenumber": "phone_number", "sms": "sms", "smsauthentication": "sms", "phonesms": "sms",
	"voicecall": "call", "voicecallauthentication": "call", "phonevoicecall": "call", "voice": "call",
	"call": "call", "phonecall": "call",
	"email": "okta_email", "emailauthentication": "okta_email", "emailaddress": "okta_email", "oktaemail": "okta_email",
	"password": "okta_password", "oktapassword": "okta_password",
	"securityquestion": "security_question", "question": "security_question",
	"securitykeyorbiometric": "webauthn", "securitykeyorbiometricauthenticator": "webauthn",
	"webauthn": "webauthn", "fido2webauthn": "webauthn",
	"webauthnfido2": "webauthn", "securitykeyorbiometricfido2webauthn": "webauthn",
	"securitykeyorbiometricfido2": "webauthn",
	"passkey":                     "webauthn", "passkeys": "webauthn", "passkeyfido2webauthn": "webauthn",
	"passkeysfido2webauthn": "webauthn",
	"fidowebauthn":          "webauthn", "fido2": "webauthn", "fido2webauthnauthenticator": "webauthn",
	"u2f": "u2f", "u2fsecuritykey": "u2f", "fidou2f": "u2f",
	"duo": "duo", "duosecurity": "duo",
	"yubikey": "yubikey_token", "yubikeytoken": "yubikey_token", "yubikeyotp": "yubikey_token",
	"yubikeyauthenticator": "yubikey_token",
	"symantecvip":          "symantec_vip", "rsasecurid": "rsa_token", "rsatoken": "rsa_token",
	"rsaonpremmfa": "onprem_mfa", "onpremmfa": "onprem_mfa",
	"customotp": "custom_otp", "customapp": "custom_app", "customauthenticator": "custom_app", "custompush": "custom_app",
	"idpauthenticator": "external_idp", "idp": "external_idp", "externalidp": "external_idp", "idpfactor": "external_idp",
	"smartcard": "smart_card_idp", "smartcardauthenticator": "smart_card_idp", "smartcardidp": "smart_card_idp",
	"pivcac":              "smart_card_idp",
	"temporaryaccesscode": "tac", "tac": "tac",
}

// fromBaseline is the source of a method that an export names.
const fromBaseline = "baseline"

// displayed turns the name that the Admin Console shows into a method. One that is not known is kept by its name, as
// unknown.
func displayed(name string) Method {
	m := Method{
		Name:     strings.TrimSpace(name),
		Status:   "ACTIVE",
		Strength: Unknown,
		Source:   fromBaseline,
	}
	known, ok := displayNames[squeeze(name)]
	if !ok {
		return m
	}
	m.Name = known
	if _, isType := factorKinds[known]; isType && known != "webauthn" && known != "tac" {
		m.Key, m.Strength = factorKind(known, "OKTA")
		return m
	}
	m.Key, m.Strength = known, keyStrengths[known]
	return m
}

// displayedList reads a cell that lists authenticators; the password is left out.
func displayedList(cell string) []Method {
	var methods []Method
	for _, name := range splitList(cell) {
		switch squeeze(name) {
		case "none", "noauthenticator", "noauthenticators", "noauthenticatortype", "na", "null", "":
			continue
		}
		if m := displayed(name); m.Key != "okta_password" && m.Name != "okta_password" {
			methods = append(methods, m)
		}
	}
	return methods
}

// splitList takes a cell apart at commas, semicolons, bars and line ends, and takes brackets and quotes away.
func splitList(cell string) []string {
	cell = strings.Trim(cell, "[]{} ")
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;|\n\r", r) })
	out := parts[:0]
	for _, p := range parts {
		if p = strings.Trim(p, " \t\"'"); p != "" && len(out) < maxBaselineColumns {
			out = append(out, p)
		}
	}
	return out
}

// eachOnce sorts methods; the report knows kinds, not copies, so that one that comes twice was listed twice.
func eachOnce(methods []Method) []Method {
	slices.SortStableFunc(methods, compareMethods)
	return slices.CompactFunc(methods, func(a, b Method) bool { return a.Name == b.Name && a.Key == b.Key })
}

func addOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// truthy reads the words by which exports and spreadsheets say yes.
func truthy(s string) bool {
	switch squeeze(s) {
	case "true", "yes", "y", "1", "x", "enrolled", "active":
		return true
	}
	return false
}

// squeeze makes names comparable: lower case, letters and digits only.
func squeeze(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
