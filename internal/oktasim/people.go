package oktasim

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// The made-up people's names, posts and places. All of them work at acme.example.com.
var (
	firstNames = strings.Fields(`Ada Amara Anders Anika Arjun Beatriz Benno Carmen Chidi Chloe Dagny Daniel Diego Elena Emeka
		Erik Farah Fatima Finn Freya Gabriel Grace Hana Hiro Ines Ingrid Isak Ivana Jamal Jana Jonas Julia Kai Katya Kofi Lars Leila
		Lena Liam Lucia Mads Maja Malik Marta Mei Mila Nadia Nils Noor Olga Omar Oscar Paula Pavel Priya Rafael Rosa Samir Sara Sofia
		Stefan Tariq Thea Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe`)
	lastNames = strings.Fields(`Abara Ahmed Almeida Andersen Bauer Becker Berg Bianchi Brandt Castro Chen Costa Dahl Diaz Dubois
		Eriksen Fernandez Fischer Fontaine Garcia Gupta Haddad Hansen Hassan Hoffmann Ibrahim Ivanov Jansen Jensen Kaur Keller Khan
		Kimura Klein Kowalski Krause Larsen Lopez Martin Mbeki Meyer Moreau Mueller Nakamura Nguyen Novak Nyberg Okafor Olsen Osei
		Park Patel Petrov Popescu Rahman Ramos Reyes Rossi Sato Schmidt Silva Singh Sorensen Suzuki Tanaka Varga Virtanen Weber
		Wilson Yilmaz Zhang`)
	departments = []string{"Engineering", "Finance", "Sales", "Support", "Legal", "People", "Marketing", "Operations",
		"IT"}
	positions = []string{"Analyst", "Manager", "Specialist", "Lead", "Coordinator", "Director", "Associate"}
)

// seedPeople makes up n people: mostly active, a few in every other state. Call with t.mu held.
func (t *Tenant) seedPeople(n int) {
	posts := make([]any, 0, len(departments)*len(positions))
	for _, d := range departments {
		for _, p := range positions {
			posts = append(posts, d+" "+p)
		}
	}
	for i := range n {
		first := firstNames[t.rng.IntN(len(firstNames))]
		last := lastNames[t.rng.IntN(len(lastNames))]
		address := strings.ToLower(first + "." + last)
		if _, taken := t.byLogin[address+"@acme.example.com"]; taken {
			address = fmt.Sprintf("%s%d", address, i+1)
		}
		department, status, position := t.rng.IntN(len(departments)), t.someStatus(), t.rng.IntN(len(positions))
		u := t.newUser(NewUser{
			Email: address + "@acme.example.com", FirstName: first, LastName: last, Status: status,
			EmployeeNumber: fmt.Sprintf("E%06d", i+1), Department: departments[department],
		}, t.since.Add(time.Duration(i)*time.Second))
		u.profile["title"] = posts[department*len(positions)+position]
		t.seedWork(u)
	}
}

// seedWork gives a made-up person factors, a kind of work, a manager and a last sign-in, all of which depend on the person's id
// alone. Seven of ten have a manager who is in Okta, two have one that only a text names. Call with t.mu held.
func (t *Tenant) seedWork(u *user) {
	u.madeUp = true
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.id))
	_, _ = h.Write([]byte("work"))
	n := h.Sum64()
	kind := "Employee"
	switch {
	case n%100 < 8:
		kind = "Contractor"
	case n%100 < 10:
		kind = "Service"
	}
	u.profile["userType"] = kind
	if u.profile["department"] == nil {
		department := departments[n/100%uint64(len(departments))]
		u.profile["department"], u.profile["title"] = department, department+" "+positions[n/1000%uint64(len(positions))]
	}
	n /= 100
	others := t.userOrder[1 : len(t.userOrder)-1] // without the administrator, and without the person, who came last
	switch {
	case n%10 < 7 && len(others) > 0:
		m := t.users[others[n/10%uint64(1+len(others)/12)]]
		u.profile["managerId"], u.profile["manager"] = m.id, m.displayName()
	case n%10 < 9:
		u.profile["manager"] = lastNames[n/10%uint64(len(lastNames))] + ", " + firstNames[n/7%uint64(len(firstNames))]
	}
	n /= 10
	if u.activated.IsZero() || u.status == statusProvisioned || n%100 < 4 {
		return // never signed in
	}
	age := t.now().Sub(u.activated)
	back := 14 * 24 * time.Hour // most people came in the last two weeks
	if n%100 < 15 || u.status == statusDeprovisioned || u.status == statusSuspended {
		back = 200 * 24 * time.Hour
	}
	u.lastLogin = t.now().Add(-time.Duration(n / 100 % uint64(max(min(age, back),
		time.Second)))).Truncate(time.Millisecond)
}

// someStatus draws a status: of a hundred people about ninety are active and four have left.
func (t *Tenant) someStatus() string {
	switch n := t.rng.IntN(100); {
	case n < 90:
		return statusActive
	case n < 94:
		return statusDeprovisioned
	case n < 96:
		return statusSuspended
	case n < 97:
		return statusLockedOut
	case n < 98:
		return statusPasswordExpired
	case n < 99:
		return statusProvisioned
	}
	return statusStaged
}

// SeedPeople adds an active person for every address that the tenant does not know yet, and returns how many it added.
func (t *Tenant) SeedPeople(emails []string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	added := 0
	for _, email := range emails {
		email = strings.TrimSpace(email)
		key := strings.ToLower(email)
		if _, known := t.byLogin[key]; known || len(t.byEmail[key]) > 0 || !strings.Contains(email, "@") {
			continue
		}
		first, last := namesOf(email)
		u := t.newUser(NewUser{
			Email:          email,
			FirstName:      first,
			LastName:       last,
			EmployeeNumber: fmt.Sprintf("S%06d", len(t.users)),
		}, t.since)
		t.seedWork(u)
		added++
	}
	return added
}

// People lists the ids of all users, the oldest first.
func (t *Tenant) People() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.userOrder)
}

// namesOf reads a first and a last name out of an address such as ada.berg@acme.example.com.
func namesOf(email string) (first, last string) {
	local, _, _ := strings.Cut(email, "@")
	parts := strings.FieldsFunc(local, func(r rune) bool { return strings.ContainsRune("._-+0123456789", r) })
	for i, p := range parts {
		runes := []rune(p)
		parts[i] = strings.ToUpper(string(runes[:1])) + string(runes[1:])
	}
	switch len(parts) {
	case 0:
		return "Sam", "Doe"
	case 1:
		return parts[0], "Doe"
	}
	return parts[0], strings.Join(parts[1:], " ")
}
