package config

import (
	"fmt"
	"strings"
)

// EnvExample is the text of .env.example: every setting with its meaning and default, commented out but for
// OKTA_DOMAIN, so that a copy of it works at once.
func EnvExample() string {
	var b strings.Builder
	b.WriteString("# Settings of okta-entitlements-mcp. Copy this file to .env and change what you need.\n")
	b.WriteString("# A variable of the environment wins over this file. Relative paths start from this file's directory.\n")
	b.WriteString("# Written from internal/config: UPDATE=1 go test ./internal/config\n")
	group := ""
	for _, s := range Settings() {
		if s.EnvOnly {
			continue
		}
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n# ---- %s ----\n", group)
		}
		fmt.Fprintf(&b, "\n# %s\n", strings.ReplaceAll(s.Doc, "`", ""))
		if s.Required != "" {
			fmt.Fprintf(&b, "# Required %s.\n", s.Required)
		}
		if values := s.Values(); values != "" {
			fmt.Fprintf(&b, "# Values: %s.\n", values)
		}
		text, mark := s.Default, "# "
		if text == "" {
			text = s.Example
		}
		if s.Kind == Domain {
			mark = ""
		}
		fmt.Fprintf(&b, "%s%s=%s\n", mark, s.Name, quoted(text))
	}
	return b.String()
}

// quoted wraps what an .env file would otherwise cut at a space.
func quoted(text string) string {
	if strings.Contains(text, " ") && !strings.HasPrefix(text, `"`) {
		return `"` + text + `"`
	}
	return text
}

// MarkdownTable is the README's block of settings: a table for each group.
func MarkdownTable() string {
	var b strings.Builder
	group := ""
	for _, s := range Settings() {
		if s.Group != group {
			if group != "" {
				b.WriteString("\n")
			}
			group = s.Group
			fmt.Fprintf(&b, "**%s**\n\n| setting | default | what it does |\n|---|---|---|\n", group)
		}
		doc := s.Doc
		if values := s.Values(); values != "" && s.Kind != Bool {
			doc += " Values: " + values + "."
		}
		if s.Required != "" {
			doc += " Required " + s.Required + "."
		}
		if s.Secret {
			doc += " Secret."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, code(s.Default), strings.ReplaceAll(doc, "|", `\|`))
	}
	return b.String()
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
