-- By what a message of the simulated inbox is answered; empty where there is nothing to answer.
ALTER TABLE idp_inbox ADD COLUMN answers TEXT NOT NULL DEFAULT '';
