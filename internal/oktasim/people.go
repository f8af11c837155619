package oktasim

import (
	"fmt"
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
	departments = []string{"Engineering", "Finance", "Sales", "Support", "Legal", "People", "Marketing", "Operations", "IT"}
	positions   = []string{"Analyst", "Manager", "Specialist", "Lead", "Coordinator", "Director", "Associate"}
)

// seedPeople makes up n people: mostly active, a few in every other state. Call with t.mu held.
func (t *Tenant) seedPeople(n int) {
	for i := range n {
		first := firstNames[t.rng.IntN(len(firstNames))]
		last := lastNames[t.rng.IntN(len(lastNames))]
		address := strings.ToLower(first + "." + last)
		if _, taken := t.byLogin[address+"@acme.example.com"]; taken {
			address = fmt.Sprintf("%s%d", address, i+1)
		}
		department := departments[t.rng.IntN(len(departments))]
		u := t.newUser(NewUser{
			Email: address + "@acme.example.com", FirstName: first, LastName: last, Status: t.someStatus(),
			EmployeeNumber: fmt.Sprintf("E%06d", i+1), Department: department,
			Title: department + " " + positions[t.rng.IntN(len(positions))],
		}, t.since.Add(time.Duration(i)*time.Second))
		t.seedFactors(u)
	}
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
		u := t.newUser(NewUser{Email: email, FirstName: first, LastName: last, EmployeeNumber: fmt.Sprintf("S%06d", len(t.users))}, t.since)
		t.seedFactors(u)
		added++
	}
	return added
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
