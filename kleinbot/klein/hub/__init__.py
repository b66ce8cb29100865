"""Lists, downloads, resumes and verifies weights from the Hugging Face hub. Imports no torch."""
