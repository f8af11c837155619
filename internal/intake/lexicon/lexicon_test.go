package lexicon

import "testing"

func TestHeadersOfManyLanguages(t *testing.T) {
	l := Load()
	tests := map[string]Part{
		"Email": Address, "E-Mail-Adresse": Address, "Email - Work": Address, "userEmail": Address,
		"Email Address [Required]": Address,
		"Correo electrónico":       Address, "メールアドレス": Address, "邮箱": Address, "userPrincipalName": Address,
		"Manager Email": Other, "Vorgesetzter": Other, "Backup Contact": Other, "Certifier": Other, "Decision " +
			"By": Other, "Genehmigt von": Other,
		"Approver Name": Other, "Responsable": Other, "上長": Other, "主管": Other, "Role Owner": Other, "Email " +
			"(Manager)": Other, "Approvato da": Other,
		"Vorgesetzten-Mail": Other, "Leidinggevende": Other,
		"Username": Login, "User Name": Login, "Benutzer": Login, "GitHub com login": Login, "Utilisateur": Login,
		"用户":        Login,
		"Full Name": Name, "Vorname": Name, "GitHub com name": Name, "First Name [Required]": Name,
		"Recovery Email": Secondary, "Application login": Secondary, "Proxy addresses": Secondary,
		"Object Id": ID, "Role ID": ID, "Employee Number": ID, "Personalnummer": ID, "arn": ID,
		"Role": Access, "Rolle": Access, "Benutzerrolle": Access, "permissionSetName": Access, "MemberOf": Access,
		"Security Group":          Access,
		"GitHub com member roles": Access, "Licenses [READ ONLY]": Access, "Access " +
			"Level": Access, "ロール": Access, "角色": Access, "Rol": Access, "Ruolo": Access,
		"AssignedRoles": Access, "Rôle": Access, "Papel": Access,
		"Access": Weak, "Profile": Weak, "GitHub com profile": Weak,
		"Application": Application, "System": Application, "Application name": Application,
		"Application instance": Application,
		"Decision":             Decision, "Appropriate?": Decision, "Zugriff erlaubt": Decision,
		"Effective_Access": Decision, "Manager " +
			"Approval": Decision, "Keep?": Decision, "審核結果": Decision,
		"Recommendation": Recommendation, "Recommended Decision": Recommendation, "Previous Decision": Previous,
		"Status": State, "Account Status": State, "AssignmentState": State, "Genehmigungsstatus": State, "Role " +
			"Status": State, "Status [READ ONLY]": State,
		"accountEnabled": Active, "Active": Active, "Gesperrt": Blocked, "Block credential": Blocked, "Unassigned " +
			"on": Ended, "Revoked Date": Ended,
		"Gültig von": From, "Gueltig von": From, "Valid From": From, "Gültig bis": Until, "Gueltig bis": Until, "Access " +
			"Expiry": Until, "Expiry date": Until,
		"Access_Date": Date, "Granted On": Date, "Last Login": OtherDate, "Decision Date": OtherDate, "Hire " +
			"Date": OtherDate, "Access Review Date": OtherDate,
		"Access Review Status": Review, "principalType": Kind, "Attribute": PairName, "Value": PairValue,
		"Job Profile": Organisation, "Job Family Group": Organisation, "Management Level": Organisation, "Org Unit Path " +
			"[Required]": Organisation,
		"Abteilung": Organisation, "Departamento": Organisation, "Benutzergruppe": Organisation,
		"Risk Level": Description, "Access Type": Description, "Rollenbezeichnung": Description,
		"Benutzertyp": Description, "Role Description": Description,
		"License type": Description, "RoleScope": Description, "Password [Required]": Description,
		"Privileged Access": Weak, "2sv Enrolled [READ ONLY]": Flag, "Blurb": "", "Wholly Unknown": "", "": "",
	}
	for name, want := range tests {
		if got := l.Header(name); got.Part != want {
			t.Errorf("%q: got %q %v, want %q", name, got.Part, got.Found, want)
		}
	}
}

func TestNumberedHeaders(t *testing.T) {
	for name, want := range map[string]int{"Role 1": 1, "Role_2": 2, "Role3": 3, "Group (4)": 4, "Group #5": 5, "Role": -1,
		"Office 365": 365, "access_key_1_active": -1} {
		if got := Load().Header(name); got.Number != want {
			t.Errorf("%q: got %q %d, want %d", name, got.Base, got.Number, want)
		}
	}
}

func TestCells(t *testing.T) {
	tests := []struct {
		cell  string
		sense Sense
		want  bool
	}{
		{"APPROVE", Grants, true}, {"Not Appropriate", Refuses, true}, {"NotReviewed", Open, true}, {"Don't know", Open,
			true}, {"Sí", Yes, true}, {"Nein", No, true},
		{"#N/A", Placeholder, true}, {`\N`, Placeholder, true}, {"None", Ambiguous, true}, {"None", Placeholder,
			false}, {"name", Placeholder, false},
		{"(blank)", Placeholder, true}, {"X", Mark, true}, {"✓", Yes, true}, {"はい", Yes, true}, {"servicePrincipal",
			NonPerson, true}, {"Buyer", Placeholder, false},
		{"System.Object[]", Placeholder, true}, {"gelöscht", Inactive, true}, {"geloescht", Inactive, true}, {"UNREVIEWED",
			Open, true}, {"No Access", Placeholder, true},
	}
	for _, tt := range tests {
		if got := Load().Says(tt.cell, tt.sense); got != tt.want {
			t.Errorf("%q says %s: got %v", tt.cell, tt.sense, got)
		}
	}
}

func TestEveryLanguageHasTheWordsThatMatterMost(t *testing.T) {
	l := Load()
	for _, language := range []string{"en", "de", "fr", "es", "pt", "it", "nl", "ja", "zh"} {
		if l.counts[language] < 250 {
			t.Errorf("%s has %d words, want at least 250", language, l.counts[language])
		}
	}
}
