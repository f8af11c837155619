package intake

import (
	"strings"
	"unicode"
)

// accessWords are the words of a filter column; true means permitted.
var accessWords = map[string]bool{
	"permitted": true, "permit": true, "allowed": true, "allow": true, "yes": true, "y": true, "true": true, "1": true,
	"granted": true, "grant": true, "approved": true,
	"denied": false, "deny": false, "no": false, "n": false, "false": false, "0": false,
	"not permitted": false, "not allowed": false, "disallowed": false, "forbidden": false, "rejected": false,
	"refused": false, "blocked": false, "revoked": false,
}

// removalStems begin the words of actions that take access away.
var removalStems = []string{"revok", "remov", "deprovision", "deactivat", "terminat", "delet", "disabl", "unassign", "withdr", "suspend",
	"offboard", "detach", "expire", "drop", "unlink", "rescind"}

// actionStems begin the words of other actions.
var actionStems = []string{"grant", "add", "assign", "provision", "creat", "enabl", "request", "approv", "updat", "modif", "chang",
	"review", "certif", "login", "logon", "access", "view", "renew", "extend", "activat", "attach", "promot", "transfer", "onboard", "initial", "keep", "retain", "import"}

// isRemoval reports whether the text of an action cell says that access was taken away.
func isRemoval(action string) bool { return hasStem(action, removalStems) }

func isActionWord(s string) bool {
	return len(s) <= 40 && (hasStem(s, actionStems) || hasStem(s, removalStems))
}

func hasStem(s string, stems []string) bool {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, w := range words {
		// De-provision and un-assign fall into two words.
		for _, stem := range stems {
			if strings.HasPrefix(w, stem) {
				return true
			}
		}
	}
	joined := strings.Join(words, "")
	for _, stem := range []string{"deprovision", "unassign", "deactivat", "offboard"} {
		if strings.HasPrefix(joined, stem) {
			for _, own := range stems {
				if own == stem {
					return true
				}
			}
		}
	}
	return false
}

// headerKey reduces a header to lower-case letters and digits: User_Name, user name and UserName are one.
func headerKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// headerTokens cuts a header into lower-case words at signs and at the humps of camel case.
func headerTokens(s string) []string {
	var b strings.Builder
	lower := false
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			b.WriteByte(' ')
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

// userHeaders are the names of columns that name the user, with how sure the name alone makes us.
var userHeaders = map[string]float64{
	"email": 1, "emailaddress": 1, "mail": 1, "useremail": 1, "useremailaddress": 1, "workemail": 1, "primaryemail": 1,
	"employeeemail": 1, "emailid": 1, "mailaddress": 1, "corporateemail": 1, "businessemail": 1, "companyemail": 1, "usermail": 1,
	"userprincipalname": 0.95, "upn": 0.95, "login": 0.9, "userlogin": 0.9, "loginname": 0.9, "loginid": 0.85, "username": 0.9,
	"oktalogin": 0.95, "oktausername": 0.95, "userlogon": 0.85, "logonname": 0.85, "user": 0.8, "account": 0.6, "accountname": 0.6,
	"principal": 0.6, "identity": 0.6, "member": 0.6, "employee": 0.5, "person": 0.5, "assignee": 0.6, "userid": 0.3,
}

// userIDHeaders are the names of columns with a second identifier.
var userIDHeaders = map[string]float64{
	"userid": 1, "oktaid": 1, "oktauserid": 1, "employeeid": 1, "employeenumber": 1, "employeeno": 1, "empid": 1, "empno": 1,
	"personnelnumber": 1, "personnelno": 1, "personid": 1, "staffid": 0.95, "workerid": 0.95, "associateid": 0.95, "useridentifier": 1,
	"externalid": 0.8, "accountid": 0.8, "samaccountname": 0.8, "uid": 0.8, "identityid": 0.8, "badgeid": 0.7, "badgenumber": 0.7, "id": 0.6,
	"username": 0.5, "login": 0.5, "loginname": 0.5, "loginid": 0.5, "user": 0.4,
}

// filterHeaders are the names of columns that say permitted or denied. Those from
// 0.9 are taken whatever their cells say, because cells that are not understood then count as denied.
var filterHeaders = map[string]float64{
	"effectiveaccess": 1, "accessdecision": 0.98, "accesseffect": 0.98, "permitted": 0.92, "allowed": 0.92, "accessallowed": 0.95, "accesspermitted": 0.95,
	"access": 0.7, "decision": 0.8, "effect": 0.8, "result": 0.6, "outcome": 0.6, "accessstatus": 0.7, "accessresult": 0.8, "granted": 0.8,
	"effective": 0.8, "hasaccess": 0.9, "isallowed": 0.9, "ispermitted": 0.9, "accessgranted": 0.9, "permission": 0.5, "status": 0.5,
}

var actionHeaders = map[string]float64{
	"actiontype": 1, "action": 1, "operation": 0.9, "event": 0.8, "eventtype": 0.9, "changetype": 0.9, "requesttype": 0.9,
	"activity": 0.7, "activitytype": 0.8, "transaction": 0.7, "transactiontype": 0.8, "change": 0.7, "operationtype": 0.9, "accessaction": 1,
}

var dateHeaders = map[string]float64{
	"accessdate": 1, "date": 1, "granteddate": 1, "grantdate": 1, "dategranted": 1, "assigneddate": 1, "assignmentdate": 1,
	"dateassigned": 1, "effectivedate": 1, "timestamp": 0.95, "eventdate": 0.95, "eventtime": 0.95, "actiondate": 1, "datetime": 0.95,
	"startdate": 0.9, "grantedon": 1, "grantedat": 1, "assignedon": 1, "assignedat": 1, "created": 0.8, "createdat": 0.8, "time": 0.8,
	"accesstime": 0.95, "changedate": 0.95, "validfrom": 0.9, "since": 0.9, "when": 0.9, "reportdate": 0.6,
}

// attributeHeaders only describe a user or a row, whole name.
var attributeHeaders = wordSet(`name fullname displayname firstname givenname forename lastname surname familyname middlename
	nickname preferredname initials prefix suffix employeename commonname cn state street region country city town building floor room
	site office plant status active enabled userstatus accountstatus employeestatus employmentstatus employeetype usertype workertype
	contractor company organization organisation org businessunit bu division team subteam section unit title jobtitle position jobcode
	joblevel grade band application app appname applicationname system resource target source instance environment tenant domain
	legalentity comment comments note notes remark remarks description reason justification ticket ticketid ticketnumber requestid sox
	language locale timezone gender sex age vip supervisor boss manager approver requester requestor reviewer owner sponsor delegate
	lastlogin lastaccess lastused lastseen laston expiry expires expiration enddate validto validuntil termdate ip ipaddress useragent
	device location phone mobile telephone fax url link id rowid recordid row rownumber index number no batch mfa risk riskscore rating`)

// attributeTokens mark an attribute wherever they stand in the name.
var attributeTokens = wordSet(`department dept manager supervisor phone mobile telephone fax location address street zip postal
	postcode city country costcenter costcentre cost description desc comment comments note notes remark reason justification approver
	approved reviewer reviewed requester requestor requested owner sponsor birth birthday hire hired termination expiry expires
	expiration ticket url uri firstname lastname surname title email mail timezone language company division subsidiary`)

// entitlementTokens mark access wherever they stand in the name.
var entitlementTokens = wordSet(`role roles permission permissions permissionset permissionsets group groups license licence licenses
	licences profile profiles privilege privileges entitlement entitlements right rights responsibility responsibilities function
	functions membership memberships scope scopes tier package module modules duty duties access accesslevel accesslevels level
	securitygroup securitygroups authorization authorisation authority capability capabilities clearance policy policies feature
	features seat sku plan tcode tcodes transactioncode`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

func anyToken(name string, set map[string]bool) string {
	for _, t := range headerTokens(name) {
		if set[t] {
			return t
		}
	}
	return ""
}
