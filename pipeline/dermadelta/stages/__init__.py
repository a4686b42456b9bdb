"""One file, one verb, one public function and its Config."""
