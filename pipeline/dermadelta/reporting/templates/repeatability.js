// This page needs no script.
