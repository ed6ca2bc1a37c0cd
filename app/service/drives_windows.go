package service

import "golang.org/x/sys/windows"

// removableDrives lists the drives that Windows calls removable.
func removableDrives() (out []string) {
	for letter := 'D'; letter <= 'Z'; letter++ {
		root := string(letter) + `:\`
		name, err := windows.UTF16PtrFromString(root)
		if err == nil && windows.GetDriveType(name) == windows.DRIVE_REMOVABLE {
			out = append(out, root)
		}
	}
	return out
}
