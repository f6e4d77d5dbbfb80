//! `sesame topology`, through the program, against a RabbitMQ that hands have been at.

mod drift;
mod province;
mod queues;
