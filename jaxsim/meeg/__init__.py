"""Sources and sensors of M/EEG. Inside: nAm, uV, fT."""
