package config

import "time"

func fileSettings() []Setting {
	return []Setting{
		{
			Name:    envFileVar,
			Group:   groupFiles,
			Kind:    Path,
			EnvOnly: true,
			Doc: "The .env file to read. Otherwise the first of: working directory, the program's directory, user " +
				"configuration directory.",
			set: func(*Config, value) {},
		}, // read before all others
		{
			Name:  "CSV_DIR",
			Group: groupFiles,
			Kind:  Path,
			Doc: "The inbox for access reports. Default: `csv` beside the .env file, in the working directory, " +
				"beside the program, or in the user's state directory.",
			Example: "csv",
			set:     func(c *Config, v value) { c.CSVDir = v.text },
		},
		{
			Name:    "STATE_DIR",
			Group:   groupFiles,
			Kind:    Path,
			Doc:     "Plans, run journals, mappings and the audit trail. Default: the user's state directory.",
			Example: "state",
			set:     func(c *Config, v value) { c.StateDir = v.text },
		},
		{
			Name:    "PLAN_KEEP_DAYS",
			Group:   groupFiles,
			Kind:    Whole,
			Max:     3650,
			Default: "30",
			Doc: "Days for which a plan that never ran is kept, 0 for good. Plans that ran are kept for good: an undo " +
				"needs them.",
			set: func(c *Config, v value) { c.PlanKeep = time.Duration(v.n) * 24 * time.Hour },
		},
	}
}
