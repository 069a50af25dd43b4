"""Analysis programs that read what jaxsim writes, each in an interpreter of its own."""
