"""The digits networks and a transformer's matrices with N:M sparse weights, on the generated sparse chains."""
